"""DingtalkChatbot and wechatpy against the simulated messengers: argv is a mode and a base URL."""

import sys

mode, url = sys.argv[1:]
if mode.startswith("dingtalk"):
    from dingtalkchatbot.chatbot import DingtalkChatbot

    secret = "SECtest" if mode == "dingtalk" else "SECother"
    bot = DingtalkChatbot(f"{url}/robot/send?access_token=robot-token", secret=secret)
    print(bot.send_text("审批待处理", at_mobiles=["13800000000"], is_auto_at=False)["errcode"])
    print(bot.send_markdown("标题", "**审批**")["errcode"])
else:
    from wechatpy.enterprise import WeChatClient
    from wechatpy.exceptions import WeChatClientException

    class Client(WeChatClient):
        API_BASE_URL = f"{url}/cgi-bin/"

        def fetch_access_token(self):
            params = {"corpid": self.corp_id, "corpsecret": self.secret}
            return self._fetch_access_token(f"{url}/cgi-bin/gettoken", params)

    # It fetches a new token by itself where the one it has is refused.
    client = Client("corp-id", "corp-secret", access_token="stale")
    told = client.message.send_text(1000002, ["LiWei", "Nobody"], "审批待处理")
    print(told["errcode"], told["invaliduser"])
    try:
        Client("corp-id", "wrong").message.send_text(1000002, "LiWei", "x")
    except WeChatClientException as refused:
        print(refused.errcode)
