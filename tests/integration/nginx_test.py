"""nginx as the origin."""
import real_origin
import weir
from web_server import Nginx


class NginxTest(real_origin.Checks, weir.WeirTest):
    server_type = Nginx
    gateway_error = 502


if __name__ == "__main__":
    weir.main()
